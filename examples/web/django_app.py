"""Django: calls of the services go by it, in `asgi.py`."""

from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from harbour import CORS, ORIGINS, rpc
from starlette.middleware.cors import CORSMiddleware

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])


def about(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"about": "ferries"})


urlpatterns = [path("about", about)]
pages = get_asgi_application()
services = CORSMiddleware(rpc, allow_origins=ORIGINS, **CORS)


async def app(scope: Any, receive: Any, send: Any) -> None:
    # Django takes no lifespan, and the services' has to be run.
    is_rpc = scope["type"] == "lifespan" or scope["path"].rpartition("/")[0] in rpc.paths
    await (services if is_rpc else pages)(scope, receive, send)
