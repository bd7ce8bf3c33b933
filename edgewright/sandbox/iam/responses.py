"""IAM over HTTP: moto's answers, with what it leaves out."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse


class SandboxIAMResponse(IamResponse):
    """IAM."""

    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        """AddClientIDToOpenIDConnectProvider; one that is there already is no error."""
        clients = self._clients()
        client = self._get_param("ClientID")
        if client not in clients:
            clients.append(client)
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        """RemoveClientIDFromOpenIDConnectProvider; one that is not there is no error."""
        clients = self._clients()
        client = self._get_param("ClientID")
        if client in clients:
            clients.remove(client)
        return EmptyResult()

    def _clients(self) -> list[str]:
        backend = iam_backends[self.current_account][self.partition]
        provider = backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        clients: list[str] = provider.client_id_list
        return clients
