"""As much of GraphQL as a fake needs: which operation is asked, and the answer cut down to the fields that were asked for."""

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r'\.\.\.|[A-Za-z_]\w*|\$\w+|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[{}()\[\]:!=@]')


class NoField(Exception):
    """A field was asked for that the type does not have."""


class Document:
    """A parsed request. ``name`` of its operation, ``fields`` its selection: name -> (arguments, selection or None).

    ``directives``: name -> arguments, of fields at the top.
    """

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.tokens, self.place, self.variables = TOKEN.findall(text), 0, variables
        self.fragments: dict[str, dict] = {}
        self.directives: dict[str, dict] = {}
        parts = self._cut(text)
        for name, body in parts["fragments"].items():
            self.fragments[name] = body
        self.name, self.fields = parts["name"], parts["fields"]

    def _cut(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = {"fragments": {}, "name": "", "fields": {}}
        while self.place < len(self.tokens):
            word = self._next()
            name = self._next()
            if word == "fragment":
                self._next(), self._next()  # on Type
                found["fragments"][name] = self._selection()
            else:
                if self._peek() == "(":
                    self._skip("(", ")")
                found["name"], found["fields"] = name, self._selection()
        return found

    def _peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def _skip(self, start: str, end: str) -> None:
        depth = 0
        while True:
            depth += {start: 1, end: -1}.get(self._next(), 0)
            if not depth:
                return

    def _selection(self) -> dict:
        assert self._next() == "{"
        fields: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._next()
            if name == "...":
                if self._peek() == "on":
                    self._next(), self._next()
                    fields["..."] = ({}, self._selection())
                else:
                    fields[f"...{self._next()}"] = ({}, None)
                continue
            arguments = self._arguments() if self._peek() == "(" else {}
            if self._peek() == "@":
                self._next()
                directive = self._next()
                self.directives[directive] = self._arguments()
            fields[name] = (arguments, self._selection() if self._peek() == "{" else None)
        self._next()
        return fields

    def _arguments(self) -> dict:
        self._next()
        found = {}
        while self._peek() != ")":
            name = self._next()
            assert self._next() == ":"
            found[name] = self._value()
        self._next()
        return found

    def _value(self) -> Any:
        word = self._next()
        if word.startswith("$"):
            return self.variables.get(word[1:])
        if word == "[":
            rows = []
            while self._peek() != "]":
                rows.append(self._value())
            self._next()
            return rows
        if word.startswith('"'):
            return word[1:-1]
        return int(word) if word.lstrip("-").isdecimal() else word

    def cut(self, value: Any, fields: Mapping[str, Any] | None) -> Any:
        """``value`` with the fields asked for; raises NoField for one that it does not have."""
        if value is None or fields is None:
            return value
        if isinstance(value, list):
            return [self.cut(row, fields) for row in value]
        found = {}
        for name, (arguments, below) in fields.items():
            if name.startswith("..."):
                found |= self.cut(value, below if name == "..." else self.fragments[name[3:]])
                continue
            if name not in value:
                raise NoField(f"Field '{name}' doesn't exist")
            inner = value[name](arguments) if callable(value[name]) else value[name]
            if "first" in arguments and isinstance(inner, dict):
                inner = page(inner["nodes"], arguments)
            elif "first" in arguments and isinstance(inner, list):
                inner = inner[: arguments["first"]]
            found[name] = self.cut(inner, below)
        return found


def page(nodes: list, arguments: Mapping[str, Any]) -> dict:
    """A page of a connection whose cursor is the place."""
    start = int(arguments.get("after") or 0)
    end = start + arguments["first"]
    return {"nodes": nodes[start:end], "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(end)}}
