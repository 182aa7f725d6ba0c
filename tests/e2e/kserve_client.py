"""KServe's inference clients without the rest of that package, whose first line imports a server and a cluster's API."""

import importlib.util
import logging
import sys
import types

found = importlib.util.find_spec("kserve")
package = types.ModuleType("kserve")
package.__path__ = list(found.submodule_search_locations)
sys.modules["kserve"] = package

from kserve.inference_client import InferenceGRPCClient, InferenceRESTClient, RESTConfig  # noqa: E402, F401
from kserve.protocol.infer_type import InferInput, InferRequest, RequestedOutput  # noqa: E402, F401

# pytest keeps what is logged, and with the exception of a failed call its connection.
logging.getLogger("kserve.trace").setLevel(logging.CRITICAL)
