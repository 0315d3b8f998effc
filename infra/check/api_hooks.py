"""Hooks of schemathesis: a post gets a token of the form that it is sent to, as a page or a program would send it; a token
that was made up is refused at the door (400), and nothing behind it would be tried. Every third one stays made up."""

import itertools
import json
import urllib.request

import schemathesis

count = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if case.method.upper() != "POST" or not isinstance(body, dict) or not isinstance(body.get("form_token"), str) or next(count) % 3 == 0:
        return
    address = case.operation.base_url.rstrip("/") + case.formatted_path
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            body["form_token"] = json.load(answer)["form_token"]
    except (OSError, ValueError, KeyError):
        pass  # no such form: the post says so itself
