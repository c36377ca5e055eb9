"""Every way in which a stub, a channel or a context gets from where it is made to where it is used."""

from __future__ import annotations

import pytest

from tests.programs.conftest import Program, check_form

HEAD = "import grpc\n\nimport greeting_pb2\nimport greeting_pb2_grpc as rpc\n\n"
MAKE = "rpc.GreeterStub(grpc.insecure_channel('a:1'))"
ASK = ".SayHello(greeting_pb2.HelloRequest())"
ASKS = ".say_hello(greeting_pb2.HelloRequest())"
MADE = "insecure_channel('a:1').client(greeting_connect.GreeterClientSync)"

BODIES = {
    "an attribute set in __init__": (
        f"class C:\n    def __init__(self):\n        self.stub = {MAKE}\n\n    def ask(self):\n"
        f"        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "an attribute set in another method": (
        f"class C:\n    stub = None\n\n    def open(self):\n        self.stub = {MAKE}\n\n    def ask(self):\n"
        f"        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a property": (
        f"class C:\n    @property\n    def stub(self):\n        return {MAKE}\n\n    def ask(self):\n"
        f"        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a property over a private attribute": (
        "class C:\n    _stub = None\n\n    @property\n    def stub(self):\n        if self._stub is None:\n"
        f"            self._stub = {MAKE}\n        return self._stub\n\n    def ask(self):\n"
        f"        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a cached property": (
        f"import functools\n\n\nclass C:\n    @functools.cached_property\n    def stub(self):\n"
        f"        return {MAKE}\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a cached factory": (
        f"from functools import lru_cache\n\n\n@lru_cache(maxsize=None)\ndef stub():\n    return {MAKE}\n\n\n"
        f"def ask():\n    return stub(){ASK}\n",
        f"    return stub(){ASKS}\n",
    ),
    "a dataclass field": (
        "from dataclasses import dataclass\n\n\n@dataclass\nclass C:\n    name: str\n    stub: rpc.GreeterStub\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n\n\nC('a', {MAKE}).ask()\n",
        f"    stub: greeting_connect.GreeterClientSync\n        return self.stub{ASKS}\n",
    ),
    "a dataclass field without a type of its own": (
        "from dataclasses import dataclass\nfrom typing import Any\n\n\n@dataclass\nclass C:\n    stub: Any\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n\n\nC(stub={MAKE}).ask()\nC({MAKE}).ask()\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a dataclass field that is a channel": (
        "from dataclasses import dataclass, field\n\n\n@dataclass\nclass C:\n    channel: object\n"
        "    stub: object = field(init=False)\n\n    def __post_init__(self):\n"
        "        self.stub = rpc.GreeterStub(self.channel)\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n\n\nC(grpc.insecure_channel('a:1')).ask()\n",
        "        self.stub = self.channel.client(greeting_connect.GreeterClientSync)\n"
        f"        return self.stub{ASKS}\n",
    ),
    "a default factory": (
        "from dataclasses import dataclass, field\n\n\ndef make():\n    return " + MAKE + "\n\n\n@dataclass\nclass C:\n"
        "    stub: object = field(default_factory=make)\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "an attrs field": (
        "import attr\n\n\n@attr.s(auto_attribs=True)\nclass C:\n    stub: object\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n\n\nC({MAKE}).ask()\n",
        f"        return self.stub{ASKS}\n",
    ),
    "attr.ib": (
        "import attr\n\n\n@attr.s\nclass C:\n    name = attr.ib()\n    stub = attr.ib(default=None)\n\n"
        f"    def ask(self):\n        return self.stub{ASK}\n\n\nC('a', {MAKE}).ask()\n",
        f"        return self.stub{ASKS}\n",
    ),
    "a named tuple": (
        "from typing import NamedTuple\n\n\nclass C(NamedTuple):\n    name: str\n    stub: object\n\n\n"
        f"def ask():\n    c = C('a', {MAKE})\n    return c.stub{ASK}\n",
        f"    return c.stub{ASKS}\n",
    ),
    "a global set in a function": (
        "_stub = None\n\n\ndef stub():\n    global _stub\n    if _stub is None:\n"
        f"        _stub = {MAKE}\n    return _stub\n\n\ndef ask():\n    return stub(){ASK}\n",
        f"    return stub(){ASKS}\n",
    ),
    "a dict of stubs": (
        f"STUBS = {{'a': {MAKE}}}\n\n\ndef ask(name):\n    STUBS['a']{ASK}\n    STUBS.get(name){ASK}\n"
        f"    for stub in STUBS.values():\n        stub{ASK}\n    for key, stub in STUBS.items():\n        stub{ASK}\n",
        f"    STUBS['a']{ASKS}\n    STUBS.get(name){ASKS}\n        stub{ASKS}\n",
    ),
    "a dict that is filled": (
        "class Pool:\n    def __init__(self):\n        self._stubs = {}\n\n    def get(self, target):\n"
        "        if target not in self._stubs:\n"
        "            self._stubs[target] = rpc.GreeterStub(grpc.insecure_channel(target))\n"
        f"        return self._stubs[target]\n\n    def ask(self):\n        return self.get('a'){ASK}\n",
        f"        return self.get('a'){ASKS}\n",
    ),
    "setdefault": (
        "class Pool:\n    def __init__(self):\n        self._stubs = {}\n\n    def get(self, target):\n"
        f"        return self._stubs.setdefault(target, {MAKE})\n\n    def ask(self):\n"
        f"        return self.get('a'){ASK}\n",
        f"        return self.get('a'){ASKS}\n",
    ),
    "a list that is appended to": (
        f"import random\n\nstubs = []\nstubs.append({MAKE})\n\n\ndef ask():\n    random.choice(stubs){ASK}\n"
        f"    for stub in stubs:\n        stub{ASK}\n    for i, stub in enumerate(stubs):\n        stub{ASK}\n"
        f"    stubs.pop(){ASK}\n",
        f"    random.choice(stubs){ASKS}\n        stub{ASKS}\n    stubs.pop(){ASKS}\n",
    ),
    "a list of channels": (
        "class Pool:\n    def __init__(self, n):\n"
        "        self.channels = [grpc.insecure_channel('a:1') for _ in range(n)]\n"
        "        self.stubs = [rpc.GreeterStub(channel) for channel in self.channels]\n\n"
        "    def pick(self, i):\n        return rpc.GreeterStub(self.channels[i % 2])\n\n"
        f"    def ask(self, i):\n        self.stubs[i]{ASK}\n        return self.pick(i){ASK}\n",
        "        self.stubs = [channel.client(greeting_connect.GreeterClientSync) for channel in self.channels]\n"
        "        return self.channels[i % 2].client(greeting_connect.GreeterClientSync)\n"
        f"        self.stubs[i]{ASKS}\n        return self.pick(i){ASKS}\n",
    ),
    "channels in a list that is filled": (
        "class Pool:\n    def __init__(self):\n        self.channels = []\n\n    def add(self, target):\n"
        "        self.channels.append(grpc.insecure_channel(target))\n\n"
        f"    def ask(self):\n        return rpc.GreeterStub(self.channels[0]){ASK}\n",
        f"        return self.channels[0].client(greeting_connect.GreeterClientSync){ASKS}\n",
    ),
    "a tuple that is returned": (
        "def connect():\n    channel = grpc.insecure_channel('a:1')\n    return channel, rpc.GreeterStub(channel)\n\n\n"
        f"def ask():\n    channel, stub = connect()\n    stub{ASK}\n    channel.close()\n",
        "    return channel, channel.client(greeting_connect.GreeterClientSync)\n"
        f"    stub{ASKS}\n    channel.close()\n",
    ),
    "a parameter": (
        f"def ask(stub):\n    return stub{ASK}\n\n\nask({MAKE})\n",
        f"    return stub{ASKS}\n",
    ),
    "a keyword parameter with a default": (
        f"def ask(*, stub=None):\n    stub = stub or {MAKE}\n    return stub{ASK}\n\n\nask(stub={MAKE})\n",
        f"    return stub{ASKS}\n",
    ),
    "a default": (
        f"def ask(stub={MAKE}):\n    return stub{ASK}\n",
        f"    return stub{ASKS}\n",
    ),
    "a parameter that is a channel": (
        "def make(channel):\n    return rpc.GreeterStub(channel)\n\n\n"
        f"def ask():\n    with grpc.insecure_channel('a:1') as channel:\n        return make(channel){ASK}\n",
        f"    return channel.client(greeting_connect.GreeterClientSync)\n        return make(channel){ASKS}\n",
    ),
    "arguments that are unpacked": (
        "def ask(stub, name):\n    return stub" + ASK + "\n\n\nargs = (" + MAKE + ", 'x')\nask(*args)\n"
        "options = {'stub': " + MAKE + "}\nask(name='x', **options)\n",
        f"    return stub{ASKS}\n",
    ),
    "arguments that are collected": (
        f"def ask(*stubs, **more):\n    stubs[0]{ASK}\n    more['x']{ASK}\n    for stub in stubs:\n"
        f"        stub{ASK}\n\n\n"
        f"ask({MAKE}, x={MAKE})\n",
        f"    stubs[0]{ASKS}\n    more['x']{ASKS}\n        stub{ASKS}\n",
    ),
    "a closure": (
        f"def make():\n    stub = {MAKE}\n\n    def ask():\n        return stub{ASK}\n\n    return ask\n\n\nmake()()\n",
        f"        return stub{ASKS}\n",
    ),
    "a lambda": (
        f"make = lambda: {MAKE}\n\n\ndef ask():\n    return make(){ASK}\n",
        f"    return make(){ASKS}\n",
    ),
    "an own context manager": (
        f"class Session:\n    def __enter__(self):\n        self.stub = {MAKE}\n        return self.stub\n\n"
        "    def __exit__(self, *args):\n        pass\n\n\n"
        f"def ask():\n    with Session() as stub:\n        return stub{ASK}\n",
        f"        return stub{ASKS}\n",
    ),
    "an own context manager that gives itself": (
        f"class Session:\n    def __enter__(self):\n        self.stub = {MAKE}\n        return self\n\n"
        "    def __exit__(self, *args):\n        pass\n\n\n"
        f"def ask():\n    with Session() as session:\n        return session.stub{ASK}\n",
        f"        return session.stub{ASKS}\n",
    ),
    "contextlib.contextmanager": (
        "import contextlib\n\n\n@contextlib.contextmanager\ndef session(target):\n"
        "    with grpc.insecure_channel(target) as channel:\n        yield rpc.GreeterStub(channel)\n\n\n"
        f"def ask():\n    with session('a:1') as stub:\n        return stub{ASK}\n",
        f"        return stub{ASKS}\n",
    ),
    "a contextmanager that is a method": (
        "from contextlib import contextmanager\n\n\nclass C:\n    @contextmanager\n    def session(self):\n"
        "        with grpc.insecure_channel('a:1') as channel:\n            yield channel, rpc.GreeterStub(channel)\n\n"
        f"    def ask(self):\n        with self.session() as (channel, stub):\n            return stub{ASK}\n",
        f"            return stub{ASKS}\n",
    ),
    "asynccontextmanager": (
        "from contextlib import asynccontextmanager\n\n\n@asynccontextmanager\nasync def session(target):\n"
        "    async with grpc.aio.insecure_channel(target) as channel:\n        yield rpc.GreeterStub(channel)\n\n\n"
        f"async def ask():\n    async with session('a:1') as stub:\n        return await stub{ASK}\n",
        f"        return await stub{ASKS}\n",
    ),
    "an exit stack": (
        "import contextlib\n\n\ndef ask():\n    with contextlib.ExitStack() as stack:\n"
        "        channel = stack.enter_context(grpc.insecure_channel('a:1'))\n"
        f"        return rpc.GreeterStub(channel){ASK}\n",
        f"        return channel.client(greeting_connect.GreeterClientSync){ASKS}\n",
    ),
    "an exit stack of a class": (
        "import contextlib\n\n\nclass C:\n    def __init__(self):\n        self.stack = contextlib.ExitStack()\n"
        "        self.channel = self.stack.enter_context(grpc.insecure_channel('a:1'))\n"
        f"        self.stub = rpc.GreeterStub(self.channel)\n\n    def ask(self):\n        return self.stub{ASK}\n",
        f"        return self.stub{ASKS}\n",
    ),
    "contextlib.closing": (
        "import contextlib\n\n\ndef ask():\n    with contextlib.closing(grpc.insecure_channel('a:1')) as channel:\n"
        f"        return rpc.GreeterStub(channel){ASK}\n",
        f"        return channel.client(greeting_connect.GreeterClientSync){ASKS}\n",
    ),
    "a with target that is an attribute": (
        "class C:\n    def ask(self):\n        with grpc.insecure_channel('a:1') as self.channel:\n"
        f"            return rpc.GreeterStub(self.channel){ASK}\n",
        f"            return self.channel.client(greeting_connect.GreeterClientSync){ASKS}\n",
    ),
    "functools.partial": (
        f"import functools\n\n\ndef ask(stub, name):\n    return stub{ASK}\n\n\nfunctools.partial(ask, {MAKE})('x')\n",
        f"    return stub{ASKS}\n",
    ),
    "functools.partial that makes": (
        "import functools\n\n\ndef make(target):\n    return rpc.GreeterStub(grpc.insecure_channel(target))\n\n\n"
        f"local = functools.partial(make, 'a:1')\n\n\ndef ask():\n    return local(){ASK}\n",
        f"    return local(){ASKS}\n",
    ),
    "a decorator that keeps the signature": (
        "import functools\n\n\ndef logged(f):\n    @functools.wraps(f)\n    def wrapper(*args, **kwargs):\n"
        "        return f(*args, **kwargs)\n\n    return wrapper\n\n\n@logged\ndef make():\n    return "
        + MAKE
        + "\n\n\n"
        f"@logged\ndef ask(stub):\n    return stub{ASK}\n\n\nask(make()){''}\n",
        f"    return stub{ASKS}\n",
    ),
    "a decorator that hands the stub on": (
        "import functools\n\n\ndef with_stub(f):\n    @functools.wraps(f)\n    def wrapper(name):\n"
        f"        stub = {MAKE}\n        return f(stub, name)\n\n    return wrapper\n\n\n"
        f"@with_stub\ndef ask(stub, name):\n    return stub{ASK}\n",
        f"    return stub{ASKS}\n",
    ),
    "a thread": (
        "import threading\n\n\ndef ask(stub, name):\n    return stub" + ASK + "\n\n\n"
        f"threading.Thread(target=ask, args=({MAKE}, 'x')).start()\n"
        f"threading.Thread(target=ask, kwargs={{'stub': {MAKE}, 'name': 'x'}}).start()\n",
        f"    return stub{ASKS}\n",
    ),
    "an annotation": (
        f"def ask(stub: rpc.GreeterStub):\n    return stub{ASK}\n\n\nask({MAKE})\n",
        f"def ask(stub: greeting_connect.GreeterClientSync):\n    return stub{ASKS}\n",
    ),
    "an annotation alone": (
        f"def ask(stub: rpc.GreeterStub):\n    return stub{ASK}\n\n\ndef make(channel: grpc.Channel):\n"
        "    return rpc.GreeterStub(channel)\n",
        f"def ask(stub: greeting_connect.GreeterClientSync):\n    return stub{ASKS}\ndef make(channel: Channel):\n",
    ),
    "a string annotation": (
        f"def ask(stub: 'rpc.GreeterStub'):\n    return stub{ASK}\n\n\nask({MAKE})\n",
        f"def ask(stub: 'greeting_connect.GreeterClientSync'):\n    return stub{ASKS}\n",
    ),
    "annotations that contain it": (
        "from typing import Annotated, Dict, List, Optional\n\n\n"
        "def ask(a: Optional[rpc.GreeterStub], b: rpc.GreeterStub | None, c: list[rpc.GreeterStub],\n"
        "        d: Annotated[rpc.GreeterStub, 'x'], e: Dict[str, rpc.GreeterStub], f: 'List[rpc.GreeterStub]'):\n"
        f"    a{ASK}\n    b{ASK}\n    c[0]{ASK}\n    d{ASK}\n    e['x']{ASK}\n    f[0]{ASK}\n"
        f"    for stub in c:\n        stub{ASK}\n    for stub in e.values():\n        stub{ASK}\n\n\nstub = {MAKE}\n",
        f"    a{ASKS}\n    b{ASKS}\n    c[0]{ASKS}\n    d{ASKS}\n    e['x']{ASKS}\n    f[0]{ASKS}\n"
        f"        stub{ASKS}\n",
    ),
    "annotated attributes": (
        "from typing import Optional\n\n\nclass C:\n    stub: Optional[rpc.GreeterStub] = None\n"
        "    stubs: dict[str, rpc.GreeterStub]\n\n"
        f"    def ask(self):\n        self.stubs['a']{ASK}\n        return self.stub{ASK}\n\n\nstub = {MAKE}\n",
        f"        self.stubs['a']{ASKS}\n        return self.stub{ASKS}\n",
    ),
    "an alias of a type": (
        "from typing import Optional\n\nMaybe = Optional[rpc.GreeterStub]\n\n\ndef ask(stub: Maybe):\n"
        f"    return stub{ASK}\n\n\nask({MAKE})\n",
        f"Maybe = Optional[greeting_connect.GreeterClientSync]\n    return stub{ASKS}\n",
    ),
    "isinstance": (
        f"def ask(thing):\n    if isinstance(thing, rpc.GreeterStub):\n        return thing{ASK}\n\n\nstub = {MAKE}\n",
        "    if isinstance(thing, greeting_connect.GreeterClientSync):\n" + f"        return thing{ASKS}\n",
    ),
    "assert isinstance": (
        f"def ask(thing):\n    assert isinstance(thing, rpc.GreeterStub)\n    return thing{ASK}\n\n\nstub = {MAKE}\n",
        "    assert isinstance(thing, greeting_connect.GreeterClientSync)\n" + f"    return thing{ASKS}\n",
    ),
    "cast": (
        "from typing import Any, cast\n\n\ndef ask(thing: Any):\n"
        f"    return cast(rpc.GreeterStub, thing){ASK}\n\n\nstub = {MAKE}\n",
        f"    return cast(greeting_connect.GreeterClientSync, thing){ASKS}\n",
    ),
    "a walrus": (
        f"def ask():\n    if (stub := {MAKE}) is not None:\n        return stub{ASK}\n",
        f"        return stub{ASKS}\n",
    ),
    "match": (
        f"def ask():\n    match {MAKE}:\n        case None:\n            return None\n        case stub:\n"
        f"            return stub{ASK}\n",
        f"            return stub{ASKS}\n",
    ),
    "a method by a bound name": (
        f"stub = {MAKE}\nask = stub.SayHello\nask(greeting_pb2.HelloRequest())\n",
        "ask = unary_unary(stub.say_hello)\n",
    ),
    "an attribute of an object that is a parameter": (
        f"class App:\n    pass\n\n\ndef setup(app):\n    app.stub = {MAKE}\n\n\ndef ask(app):\n"
        f"    return app.stub{ASK}\n\n\napp = App()\nsetup(app)\nask(app)\n",
        f"    return app.stub{ASKS}\n",
    ),
    "setattr": (
        f"class App:\n    pass\n\n\napp = App()\nsetattr(app, 'stub', {MAKE})\n\n\ndef ask():\n"
        f"    return app.stub{ASK}\n",
        f"    return app.stub{ASKS}\n",
    ),
    "a simple namespace": (
        f"from types import SimpleNamespace\n\napp = SimpleNamespace(stub={MAKE})\n\n\ndef ask():\n"
        f"    return app.stub{ASK}\n",
        f"    return app.stub{ASKS}\n",
    ),
    "asyncio.gather": (
        "import asyncio\n\n\nasync def ask():\n    async with grpc.aio.insecure_channel('a:1') as channel:\n"
        "        stub = rpc.GreeterStub(channel)\n"
        "        return await asyncio.gather(*[stub.SayHello(greeting_pb2.HelloRequest()) for _ in range(3)])\n",
        "        return await asyncio.gather(*[unary_unary(stub.say_hello)(greeting_pb2.HelloRequest())"
        " for _ in range(3)])\n",
    ),
    "an async factory": (
        "async def make():\n    return rpc.GreeterStub(grpc.aio.insecure_channel('a:1'))\n\n\n"
        f"async def ask():\n    stub = await make()\n    return await stub{ASK}\n",
        f"    return await stub{ASKS}\n",
    ),
    "a generator of stubs": (
        f"def stubs():\n    yield {MAKE}\n\n\ndef ask():\n    next(stubs()){ASK}\n"
        f"    for stub in stubs():\n        stub{ASK}\n",
        f"    next(stubs()){ASKS}\n        stub{ASKS}\n",
    ),
    "an iterator": (
        "import itertools\n\n\nclass Pool:\n    def __init__(self):\n"
        f"        self.stubs = itertools.cycle([{MAKE}])\n\n    def ask(self):\n        return next(self.stubs){ASK}\n",
        f"        return next(self.stubs){ASKS}\n",
    ),
    "a thread local": (
        "import threading\n\n_local = threading.local()\n\n\ndef stub():\n    if not hasattr(_local, 'stub'):\n"
        f"        _local.stub = {MAKE}\n    return _local.stub\n\n\ndef ask():\n    return stub(){ASK}\n",
        f"    return stub(){ASKS}\n",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_stub_is_followed_through(program: Program, name: str) -> None:
    body, wanted = BODIES[name]
    check_form(program, {"app.py": HEAD + body}, {"app.py": wanted})
