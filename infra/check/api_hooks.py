"""Hooks of schemathesis, which knows shapes and not what there is. A post gets a token of the form that it is sent to, as a page or
a program would send it: one that was made up is refused at the door (400), and nothing behind it would be tried. A path gets an
event or a photo of the sample content. Every third one stays made up."""

import functools
import itertools
import json
import urllib.request

import schemathesis

count = itertools.count()


def read(address):
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@functools.cache
def existing(base, kind):
    return [item["id"] for item in read(f"{base}/{kind}s")["items"]]


@schemathesis.hook
def before_call(context, case, kwargs):
    turn = next(count)
    if turn % 3 == 0:
        return
    base = case.operation.base_url.rstrip("/")
    for kind in ("event", "photo"):
        if kind in (case.path_parameters or {}):
            ids = existing(base, kind)
            case.path_parameters[kind] = ids[turn % len(ids)]
    body = case.body
    if case.method.upper() == "POST" and isinstance(body, dict) and isinstance(body.get("form_token"), str):
        try:
            body["form_token"] = read(base + case.formatted_path)["form_token"]
        except (OSError, ValueError, KeyError):
            pass  # the form takes nothing now: the post says so itself
