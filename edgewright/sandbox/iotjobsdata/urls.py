"""Where the jobs data plane is, in moto's form."""

from __future__ import annotations

from edgewright.sandbox.iotjobsdata.responses import IoTJobsDataResponse

url_bases = [r"https?://data\.jobs\.iot\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/things/.+$": IoTJobsDataResponse.dispatch}
