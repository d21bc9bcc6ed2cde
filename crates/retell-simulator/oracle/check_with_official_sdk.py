#!/usr/bin/env python3
"""Drives a running simulator with Retell's own Python SDK and checks its webhooks with it.

    python3 -m venv /tmp/retell-sdk && /tmp/retell-sdk/bin/pip install retell-sdk==6.2.13
    cargo run -p retell-simulator -- --listen 127.0.0.1:9000 --api-key key_oracle \
        --ring-ms 50 --talk-ms 300 --analysis-ms 50 --quiet &
    /tmp/retell-sdk/bin/python crates/retell-simulator/oracle/check_with_official_sdk.py

With `pip install jsonschema pyyaml` and OPENAPI=<retell-openapi.yaml>, answers and webhooks are
also checked against Retell's schema. Not part of `cargo test`: it needs PyPI.
"""

import http.server
import json
import os
import queue
import threading

import retell
from retell import Retell

URL = os.environ.get("SIMULATOR", "http://127.0.0.1:9000")
KEY = os.environ.get("RETELL_API_KEY", "key_oracle")

received = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        received.put((self.headers, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def schema_checker():
    path = os.environ.get("OPENAPI")
    if not path:
        return lambda name, value: None
    import jsonschema
    import yaml

    with open(path) as file:
        document = yaml.safe_load(file)

    def check(name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
        assert not errors, (name, errors[0].message, list(errors[0].path))
        print(f"   fits the schema {name}")

    return check


def main():
    check = schema_checker()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_port}/hook"
    client = Retell(api_key=KEY, base_url=URL)

    def create(to_number, session, **more):
        return client.call.create_phone_call(
            from_number="+15550100900",
            to_number=to_number,
            override_agent_id="agent_oracle",
            idempotency_key=session,
            metadata={"session_id": session},
            retell_llm_dynamic_variables={"customer_name": "José"},
            agent_override={"agent": {"webhook_url": hook}},
            **more,
        )

    print("create, and the same again with the same idempotency_key")
    call = create("+15550100001", "oracle-1")
    assert call.call_status == "registered" and call.call_type == "phone_call", call
    assert create("+15550100001", "oracle-1").call_id == call.call_id
    check("V2PhoneCallResponse", json.loads(call.to_json()))

    print("webhooks, verified by the SDK")
    for expected in ["call_started", "call_ended", "call_analyzed"]:
        headers, body = received.get(timeout=5)
        event = json.loads(body)
        signature = headers["x-retell-signature"]
        assert event["event"] == expected, event
        assert client.verify(body.decode(), api_key=KEY, signature=signature)
        assert not client.verify(body.decode() + " ", api_key=KEY, signature=signature)
        assert headers["user-agent"] == "axios/1.15.2"
        assert "José" in body.decode()
        print("  ", expected, "verifies; a changed body does not")
        check("V2PhoneCallResponse", event["call"])

    print("get, list")
    got = client.call.retrieve(call.call_id)
    assert got.call_status == "ended" and got.call_analysis.custom_analysis_data, got
    listed = client.call.list(
        filter_criteria={
            "metadata": [
                {"type": "string", "op": "eq", "key": "session_id", "value": "oracle-1"}
            ]
        },
        include_total=True,
    )
    assert [item.call_id for item in listed.items] == [call.call_id] and listed.total == 1
    for item in listed.items:
        check("V3CallResponse", json.loads(item.to_json()))

    print("stop, update, delete, concurrency, agent, key")
    call = create("+15550100001", "oracle-2")
    client.call.stop(call.call_id)
    assert client.call.retrieve(call.call_id).disconnection_reason == "manual_stopped"
    updated = client.call.update(call.call_id, metadata={"session_id": "oracle-2", "x": "y"})
    assert updated.metadata["x"] == "y"
    client.call.delete(call.call_id)
    concurrency = client.concurrency.retrieve()
    assert concurrency.concurrency_limit == 20 and concurrency.current_concurrency == 0
    agent = client.agent.retrieve("agent_oracle")
    check("AgentResponse", json.loads(agent.to_json()))
    assert client.identity.retrieve().org_name

    print("errors")
    expect(retell.UnprocessableEntityError, lambda: client.call.retrieve(call.call_id))
    expect(retell.BadRequestError, lambda: create("", "oracle-3"))
    stranger = Retell(api_key="wrong", base_url=URL, max_retries=0)
    expect(retell.AuthenticationError, lambda: stranger.call.retrieve("call_x"))
    print("all as the SDK expects it")


def expect(kind, action):
    try:
        action()
    except kind as error:
        print("  ", kind.__name__, error.body)
    else:
        raise AssertionError(f"{kind.__name__} was expected")


if __name__ == "__main__":
    main()
