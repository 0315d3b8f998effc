"""Prints what SAM's own translator makes of templates.

Runs in the Python environment of the SAM CLI, which brings the translator; needs no account, no credentials, no network.
Reads a JSON list of template texts, prints a JSON list of {"template": ...} or {"error": ...} in the same order. Several
at once, because loading the translator takes longer than a translation.
"""

import json
import os
import sys

# The translator wants to know a region (for the partition of ARNs) and asks boto3; nothing is sent there.
os.environ["AWS_DEFAULT_REGION"] = "ap-northeast-1"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


class ManagedPolicies(dict):
    """Stands in for the account's list of managed policies: every name has an ARN, so that each one shows in the result."""

    def get(self, name, default=None):
        return "arn:aws:iam::aws:policy/" + name

    def __getitem__(self, name):
        return self.get(name)

    def __contains__(self, name):
        return True


def translate(text):
    template = yaml_parse(text)
    written = list(template.get("Resources", {}))
    code = {}
    for name, resource in template.get("Resources", {}).items():
        if resource.get("Type") == "AWS::Serverless::Function":
            code[name] = resource["Properties"]["CodeUri"]
            # What `sam package` does: the translator takes code only as an object in S3.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    parameters = {"AWS::Region": "ap-northeast-1", "AWS::Partition": "aws"}
    try:
        translated = Translator(ManagedPolicies(), Parser()).translate(template, parameters)
    except InvalidDocumentException as error:
        return {"error": "; ".join([error.message] + [cause.message for cause in error.causes])}
    return {"template": translated, "written": written, "code": code}


json.dump([translate(text) for text in json.load(sys.stdin)], sys.stdout, ensure_ascii=False, sort_keys=True, default=str)
