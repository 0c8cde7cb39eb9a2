"""The WIT package `airssys:core@1.0.0`: its types and functions are a contract with components that exist already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airssys_sdk.resources import data_folder
from airssys_sdk.wit.model import Resolve
from airssys_sdk.wit.reader import read

from .dump import picture

CONTRACT = """
package airssys:core@1.0.0;
interface types {
  record component-id { namespace: string, name: string, instance: string }
  type component-handle = u64;
  type correlation-id = string;
  type request-id = string;
  type message-payload = list<u8>;
  record timestamp { seconds: u64, nanoseconds: u32 }
  record message-metadata {
    correlation-id: option<correlation-id>, reply-to: option<component-id>, timestamp: timestamp, content-type: option<string>,
  }
  record component-message { sender: component-id, payload: message-payload, metadata: message-metadata }
  record resource-limits { max-memory-bytes: u64, max-execution-time-ms: u64, max-fuel: option<u64> }
  record component-config {
    env-vars: list<tuple<string, string>>, config-data: option<message-payload>, resource-limits: resource-limits,
  }
  enum log-level { trace, debug, info, warn, error }
  enum health-status { healthy, degraded, unhealthy, unknown }
  enum execution-status { success, failed, timeout, cancelled }
}
interface errors {
  use types.{component-id, correlation-id};
  variant wasm-error {
    component-not-found(string), instantiation-failed(string), export-not-found(string), timeout,
    resource-limit-exceeded(string), invalid-component(string), runtime-error(string),
  }
  variant component-error {
    initialization-failed(string), already-initialized, not-initialized, shutdown-failed(string), invalid-state(string),
  }
  variant security-error {
    capability-denied(string), policy-violation(string), invalid-context(string), permission-denied(string),
  }
  variant messaging-error {
    delivery-failed(string), correlation-timeout(correlation-id), invalid-message(string), queue-full,
    target-not-found(component-id),
  }
  variant storage-error {
    not-found(string), already-exists(string), quota-exceeded, invalid-key(string), io-error(string),
  }
  variant execution-error {
    invalid-operation(string), operation-failed(string), unsupported-codec(string), serialization-error(string),
  }
}
interface capabilities {
  use types.{component-id};
  enum filesystem-action { read, write, delete, list-dir }
  record filesystem-permission { action: filesystem-action, path-pattern: string }
  enum network-action { outbound, inbound }
  record network-permission { action: network-action, host-pattern: string, port: option<u16> }
  enum storage-action { read, write, delete }
  record storage-permission { action: storage-action, namespace-pattern: string }
  enum messaging-action { send, request, broadcast }
  record messaging-permission { action: messaging-action, target-pattern: string }
  record requested-permissions {
    filesystem: list<filesystem-permission>, network: list<network-permission>, storage: list<storage-permission>,
    messaging: list<messaging-permission>,
  }
  record capability-grant {
    component: component-id, permissions: requested-permissions, granted-at: u64, expires-at: option<u64>,
  }
}
interface component-lifecycle {
  use types.{component-config, component-message, health-status, message-payload};
  use errors.{component-error, wasm-error};
  record component-metadata {
    name: string, version: string, description: string, author: string, license: string,
    supported-operations: list<string>, stateful: bool,
  }
  initialize: func(config: component-config) -> result<_, component-error>;
  handle-message: func(msg: component-message) -> result<option<message-payload>, wasm-error>;
  handle-callback: func(msg: component-message) -> result<_, wasm-error>;
  metadata: func() -> component-metadata;
  health: func() -> health-status;
  shutdown: func() -> result<_, component-error>;
}
interface host-messaging {
  use types.{component-id, correlation-id, message-payload, request-id};
  use errors.{messaging-error};
  send: func(target: component-id, payload: message-payload) -> result<_, messaging-error>;
  request: func(target: component-id, payload: message-payload, timeout-ms: u64) -> result<correlation-id, messaging-error>;
  cancel-request: func(request-id: request-id) -> result<_, messaging-error>;
  broadcast: func(targets: list<component-id>, payload: message-payload) -> result<_, messaging-error>;
  self-id: func() -> component-id;
}
interface host-services {
  use types.{component-id, log-level, timestamp};
  use errors.{component-error};
  record component-info { id: component-id, name: string, version: string, health: string }
  log: func(level: log-level, message: string, context: option<list<tuple<string, string>>>);
  current-time: func() -> timestamp;
  current-time-millis: func() -> u64;
  sleep-millis: func(duration-ms: u64);
  list-components: func() -> list<component-id>;
  get-component-metadata: func(id: component-id) -> result<component-info, component-error>;
}
interface storage {
  use errors.{storage-error};
  type storage-value = list<u8>;
  record storage-usage { used-bytes: u64, quota-bytes: u64, key-count: u64 }
  get: func(key: string) -> result<option<storage-value>, storage-error>;
  set: func(key: string, value: storage-value) -> result<_, storage-error>;
  delete: func(key: string) -> result<_, storage-error>;
  exists: func(key: string) -> result<bool, storage-error>;
  list-keys: func(prefix: option<string>) -> result<list<string>, storage-error>;
  usage: func() -> result<storage-usage, storage-error>;
}
world runtime-host {
  import host-messaging;
  import host-services;
  import storage;
  export component-lifecycle;
}
"""


def declarations(resolve: Resolve) -> dict[str, Any]:
    """What the package declares, by name, without documentation and whatever the order of the files."""
    (package,) = picture(resolve)
    fields = dict(without_docs(package)[1])
    return {**dict(fields["interfaces"]), **dict(fields["worlds"])}


def without_docs(value: Any) -> Any:
    match value:
        case ("docs", _):
            return ("docs", None)
        case tuple() | list():
            return type(value)(without_docs(item) for item in value)
        case _:
            return value


@pytest.fixture
def contract(tmp_path: Path) -> Resolve:
    file = tmp_path / "core.wit"
    file.write_text(CONTRACT)
    return read(file)


def test_the_package_has_exactly_the_types_and_functions_of_its_contract(contract: Resolve) -> None:
    ours = read(data_folder("wit") / "airssys-core")
    assert ours.main.name == contract.main.name == "airssys:core@1.0.0"
    expected, found = declarations(contract), declarations(ours)
    assert sorted(found) == sorted(expected)
    for name, declared in expected.items():
        assert found[name] == declared, name
