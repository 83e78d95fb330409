"""A local endpoint that speaks the chat completions protocol, says what a test has it say, and fails as it is told."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIES = "dies"
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


class Endpoint(ThreadingHTTPServer):
    """A function of a request's body gives the answers; requests, and those that were answered, are kept.

    `faults` says by a request's number, from 1, what befalls it: a status (429, 500), seconds that it sleeps before it
    answers, or that the endpoint DIES. `status` is of all others; `usage` is what each answer says of its tokens.
    """

    def __init__(self, reply, status=200, faults=None, port=0, usage=USAGE):
        self.reply, self.status, self.faults, self.usage = reply, status, faults or {}, usage
        self.requests, self.answered, self.dead = [], [], False
        self.lock, self.closed = threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def stop(self):
        self.dead = True
        self.shutdown()
        self.server_close()
        self.closed.set()

    def handle_error(self, request, client_address):
        """Clients that have gone away are what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server, body = self.server, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requests.append(body)
            fault = server.faults.get(len(server.requests))
        if fault == DIES and not server.dead:
            server.dead = True
            threading.Thread(target=server.stop, daemon=True).start()
        if server.dead:
            self.close_connection = True
            return
        if isinstance(fault, float):
            time.sleep(fault)
        message = {"role": "assistant", "content": None} | server.reply(body)
        status = fault if isinstance(fault, int) else server.status
        if status == 200:
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            content = {"id": "c", "object": "chat.completion", "created": 0, "model": body["model"]}
            content |= {"choices": [choice], "usage": server.usage}
        else:
            # What some endpoints do: repeat the key in the error.
            content = {"error": {"message": f"refused: {self.headers['Authorization']}", "code": "invalid_api_key"}}
        self.send(status, json.dumps(content).encode())
        if status == 200 and not isinstance(fault, float):
            server.answered.append(body)

    def send(self, status, data):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


def raw_call(number, name, arguments):
    """A call of a tool, its arguments as they are written."""
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"id": f"call{number}", "type": "function", "function": function}]}


def tool_call(number, name, **arguments):
    return raw_call(number, name, json.dumps(arguments))


SCRIPT = [
    ("token_details", {"position": 0, "readout": "patchscope"}),
    ("ask_model", {"prompts": ["the cake", "the sea"]}),
    ("steering_samples", {"position": 0, "n": 1}),
    ("generate_steered", {"prompt": "the old house", "position": 1, "strength": 1.0}),
    ("ask_model", {"prompts": ["a", "b", "c"]}),
    ("submit", {"answer": "A game about a precious metal, I think."}),
]


def scripted(body, script=SCRIPT):
    """The agent calls the script's tools in turn, arguments as objects or as they are written; the grader gives a 4."""
    if body["model"] == "grader":
        return {"content": "It fits.\nGrade: 4"}
    turn = sum(message["role"] == "assistant" for message in body["messages"])
    name, arguments = script[turn]
    return raw_call(turn, name, arguments if isinstance(arguments, str) else json.dumps(arguments))
