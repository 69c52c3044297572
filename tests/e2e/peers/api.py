"""A client of the relay's HTTP API, and a check of its answers against the OpenAPI document."""

import http.client
import json
import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "docs" / "format" /
                       "openapi.json").read_text())


def answers(phase, text, _):
    """Of a mail host where "gone" does not exist and "later" is to come again."""
    if phase == "rcpt" and text.startswith("gone@"):
        return "550 5.1.1 The email account that you tried to reach does not exist"
    if phase == "rcpt" and text.startswith("later@"):
        return "450 4.2.1 Try again later"
    return None


def http_port(relay):
    return int(re.findall(r"HTTP on 127\.0\.0\.1:(\d+)", relay.log())[-1])


@dataclass
class Answer:
    code: int
    fields: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def name(self):
        """Of the problem."""
        assert self.fields["content-type"] == "application/problem+json", self.body
        return self.json["name"]


class Api:
    """ask() checks each answer against the document; `asked` collects the operations."""

    def __init__(self, port, key=None):
        self.port, self.key = port, key
        self.asked = set()

    def ask(self, method, path, body=None, fields=None, check=True):
        fields = dict(fields or {})
        if self.key:
            fields.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            fields.setdefault("Content-Type", "application/json")
        connection = self.connection()
        try:
            connection.request(method, path, body, fields)
            got = connection.getresponse()
            answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()},
                            got.read())
        finally:
            connection.close()
        if check:
            self.check(method, path, answer)
        return answer

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def check(self, method, path, answer):
        template = template_of(path.split("?")[0])
        if not template or method.lower() not in DOCUMENT["paths"][template]:
            return
        self.asked.add((method.lower(), template))
        responses = DOCUMENT["paths"][template][method.lower()]["responses"]
        content = responses.get(str(answer.code), responses["default"]).get("content")
        if content is None:
            assert not answer.body and "content-type" not in answer.fields, answer
            return
        kind = answer.fields["content-type"].split(";")[0]
        assert kind in content, f"{method} {path}: {answer.code} {kind}"
        if "json" in kind:
            problems = list(violations(content[kind]["schema"], answer.json, "answer"))
            assert not problems, f"{method} {path}: {problems}\n{answer.body.decode()}"


def template_of(path):
    """The path of the document that this one is; those without an open part come first."""
    for template in sorted(DOCUMENT["paths"], key=lambda each: each.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return template
    return None


TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
         "number": (int, float), "integer": int}


def violations(schema, value, place):
    """What of the value is not as the schema says: the part of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = {**DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]],
                  **{key: each for key, each in schema.items() if key != "$ref"}}
    if "oneOf" in schema:
        fitting = [each for each in schema["oneOf"] if not list(violations(each, value, place))]
        if len(fitting) != 1:
            yield f"{place} fits {len(fitting)} of the schemas"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) and
                         (kind == "boolean" or not isinstance(value, bool)) for kind in kinds):
        yield f"{place} is no {kinds}: {value!r}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{place} is not {schema['const']!r}: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of the enumeration: {value!r}"
    if isinstance(value, list):
        for i, each in enumerate(value):
            yield from violations(schema.get("items", {}), each, f"{place}[{i}]")
    if isinstance(value, dict):
        yield from violations_of_object(schema, value, place)


def violations_of_object(schema, value, place):
    for key in schema.get("required", []):
        if key not in value:
            yield f"{place} has no {key}"
    others = schema.get("additionalProperties", True)
    for key, each in value.items():
        if key in schema.get("properties", {}):
            yield from violations(schema["properties"][key], each, f"{place}.{key}")
        elif others is False:
            yield f"{place} has {key}, which the document does not know"
        elif isinstance(others, dict):
            yield from violations(others, each, f"{place}.{key}")
