"""The migrated server itself: CORS before its Connect port. python own_port.py [PORT]"""

import sys

from harbour import CORS, ORIGINS, server
from starlette.middleware.cors import CORSMiddleware

server.add_asgi_middleware(CORSMiddleware, allow_origins=ORIGINS, **CORS)
old_clients = server.add_insecure_port("127.0.0.1:0")
pages = server.add_connect_port(f"127.0.0.1:{sys.argv[1] if len(sys.argv) > 1 else 0}")
server.start()
print(f"listening on {old_clients}, Connect on {pages}", flush=True)
server.wait_for_termination()
