"""Where Greengrass V2 is, in moto's form. Version 1 shares the host; only these paths are ours."""

from __future__ import annotations

from edgewright.sandbox.greengrassv2.responses import GreengrassV2Response

url_bases = [r"https?://greengrass\.(.+)\.amazonaws\.com"]
url_paths = {
    "{0}/greengrass/v2/.+$": GreengrassV2Response.dispatch,
    "{0}/greengrass/servicerole$": GreengrassV2Response.dispatch,
    "{0}/greengrass/things/[^/]+/connectivityInfo$": GreengrassV2Response.dispatch,
    "{0}/tags/arn.+$": GreengrassV2Response.dispatch,
}
