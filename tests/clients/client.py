"""The ordinary clients of Python, each doing what its manual shows first."""

import asyncio
import json
import os
import threading

import requests
import sseclient
import websockets
from jsonrpcclient import Error, Ok, parse, request, request_uuid

URL = os.environ["RATCHETD_URL"]
BEARER = {"authorization": "Bearer " + os.environ["RATCHETD_TOKEN"]}


def over_http():
    """A session keeps its connection; ids are numbers, or strings."""
    session = requests.Session()
    session.headers.update(BEARER)
    for make in (request, request_uuid):
        answer = parse(session.post(URL, json=make("system_version")).json())
        assert isinstance(answer, Ok) and answer.result["version"], answer
    wrong = parse(session.post(URL, json=request("nothing_here")).json())
    assert isinstance(wrong, Error) and wrong.code == -32601, wrong
    batch = session.post(URL, json=[request("system_version") for _ in range(100)]).json()
    assert len(batch) == 100 and all("result" in answer for answer in batch)
    # It reads nothing before it has sent everything.
    large = session.post(URL, data=b" " * (11 << 20), headers={"content-type": "application/json"})
    assert large.status_code == 413, large
    assert "10 MiB" in large.json()["error"]["message"], large.text
    stranger = requests.post(URL, data=b" " * (11 << 20), headers={"content-type": "application/json"})
    assert stranger.status_code == 401, stranger
    assert stranger.headers["www-authenticate"].startswith("Bearer"), stranger.headers
    # A generator makes requests send chunks; the connection ends, and the next is a new one.
    body = json.dumps(request("system_version")).encode()
    headers = {"content-type": "application/json"}
    for _ in range(3):
        answer = session.post(URL, data=iter([body[:9], body[9:]]), headers=headers).json()
        assert "result" in answer, answer


async def over_websocket():
    address = URL.replace("http", "ws")
    async with websockets.connect(address, additional_headers=BEARER) as socket:
        for number in range(200):
            await socket.send(json.dumps(request("system_version", id=number)))
        ids = {json.loads(await socket.recv())["id"] for _ in range(200)}
        assert ids == set(range(200))
        await socket.send(json.dumps(request("event_subscribe", params={"account": "*", "after": 0})))
        name = parse(json.loads(await socket.recv())).result
        event = json.loads(await socket.recv())
        assert event["method"] == "event_notification", event
        assert event["params"]["subscription"] == name, event
        await (await socket.ping())
        # In many pieces.
        text = json.dumps(request("system_version", id="pieces"))
        await socket.send(iter([text[:5], text[5:9], text[9:]]))
        # Behind the other events that there were.
        while "id" not in (answer := json.loads(await socket.recv())):
            assert answer["method"] == "event_notification", answer
        assert answer["id"] == "pieces", answer
    assert socket.close_code == 1000, socket.close_code
    # What is too much is told with its code. It has its end with that, and is not closed again: the
    # library cannot do so while what it has not sent yet waits.
    socket = await websockets.connect(address, additional_headers=BEARER)
    try:
        await socket.send(" " * (10 * 1024 * 1024 + 1))
        await socket.recv()
    except websockets.ConnectionClosed as closed:
        assert closed.rcvd and closed.rcvd.code == 1009, closed
    else:
        raise AssertionError("it was taken")
    # A page's way to show the token.
    offers = ["ratchetd", "ratchetd.bearer." + os.environ["RATCHETD_TOKEN"]]
    async with websockets.connect(address, subprotocols=offers) as socket:
        assert socket.subprotocol == "ratchetd"


def call(method, **params):
    return parse(requests.post(URL, json=request(method, params=params), headers=BEARER).json()).result


def meet(whom, to):
    """Makes an event of the account `to`: it meets the device of `whom`."""
    call("account_create", account=whom)
    call("bundle_import", account=to, bundle=call("bundle_get", account=whom)["bundle"])


def events():
    """An event that comes while the stream is open."""
    headers = {**BEARER, "accept": "text/event-stream"}
    stream = requests.get(URL + "/events?account=*", headers=headers, stream=True, timeout=30)
    assert stream.headers["content-type"] == "text/event-stream", stream.headers
    threading.Timer(0.2, meet, ["python-c", "python-a"]).start()
    event = next(sseclient.SSEClient(stream).events())
    assert event.event == "installation.discovered", event.event
    assert json.loads(event.data)["seq"] == int(event.id), event.data


over_http()
call("account_create", account="python-a")
meet("python-b", "python-a")
asyncio.run(over_websocket())
events()
