import { render } from 'preact';
import { App } from './app';
import { followLinks } from './route';
import { startTheme } from './theme';
import './style/tokens.css';
import './style/frame.css';
import './style/parts.css';
import './style/screens.css';

startTheme();
followLinks();
const root = document.getElementById('app');
if (root) render(<App />, root);
