"""AWS IoT Greengrass V2: the backend that moto lacks, in moto's form.

Sources: botocore's service model of greengrassv2, the developer guide, and what users report of the real service.
Where neither tells, the choice is named in the code as such.
"""
