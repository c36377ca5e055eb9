"""Flask on a WSGI server, with the services in it: without gRPC clients, and without lifespan."""

from a2wsgi import ASGIMiddleware
from ferries.server import make_server
from flask import Flask
from harbour import CORS, ORIGINS
from starlette.middleware.cors import CORSMiddleware
from werkzeug.middleware.dispatcher import DispatcherMiddleware

rpc = make_server().app
services = ASGIMiddleware(CORSMiddleware(rpc, allow_origins=ORIGINS, **CORS))
app = Flask(__name__)


@app.get("/about")
def about() -> dict[str, str]:
    return {"about": "ferries"}


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, dict.fromkeys(rpc.paths, services))
