#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "dashboard/file.h"
#include "web/router.h"

namespace waypost::dashboard {

// Why a request is not to be answered, by its header; nothing: it is.
using Judge = std::function<std::optional<web::Response>(const web::Request& head)>;

// Serves the dashboard: its pages, which are all /index.html, and its other files by their paths.
// Nothing of the file system is read. A path that is none of these is a 404: for a browser that
// asks for a page, below /v1 apart, with the page that says so; else the router's. The mark is
// /favicon.ico, too. Each answer says that scripts, styles and requests may only be ours, and that
// no other site may frame it. Files below /assets/ have a hash in their names, so browsers keep
// them for a year.
//
// `judge` may be empty. Without an /index.html among `files` nothing is added.
void add_pages(web::Router& router, const std::vector<File>& files, const Judge& judge);

}  // namespace waypost::dashboard
