"""SageMaker as the edge needs it: device fleets, edge packaging, and the events of the model registry.

AWS ended Edge Manager on 26 April 2024. The API shapes are still in the SDKs, so what was built on them can be tried
here, in the state in which AWS last offered it.
"""
