"""The second argument of a handler, with the attributes of the one of AWS Lambda."""

from time import monotonic

CLIENT_FIELDS = ('installation_id', 'app_title', 'app_version_name', 'app_version_code', 'app_package_name')


class Context:
    identity = None

    def __init__(self, order, meta):
        name, version = order['functionName'], order['functionVersion']
        self.aws_request_id = meta['requestId']
        self.function_name = name
        self.function_version = version
        self.invoked_function_arn = meta['arn']
        self.memory_limit_in_mb = str(order['memory'])
        self.log_group_name = '/funade/' + name
        self.log_stream_name = version
        client = meta.get('clientContext')
        self.client_context = ClientContext(client) if isinstance(client, dict) else client
        self._deadline = monotonic() + meta['remaining'] / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - monotonic()) * 1000))


class ClientContext:
    def __init__(self, sent):
        self.custom = sent.get('custom')
        self.env = sent.get('env')
        client = sent.get('client')
        self.client = Client(client) if isinstance(client, dict) else client


class Client:
    def __init__(self, sent):
        for field in CLIENT_FIELDS:
            setattr(self, field, sent.get(field))
