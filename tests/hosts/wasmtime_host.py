"""Runs the component under wasmtime, as `wasmtime run` would: COMPONENT DIR[,DIR…] ARGS.

`pip install wasmtime==47.0.1` brings what it needs. Relative paths start in the working directory,
which is shown together with the other directories; the network and the environment are inherited.
"""

import hashlib
import os
import sys

from wasmtime import Config, Engine, Store, Trap, WasiConfig, WasmtimeError, _ffi
from wasmtime.component import Component, Linker

component, directories, *args = sys.argv[1:]
engine = Engine(Config())

# Compiled once for each component; another run may be doing it at the same time.
with open(component, "rb") as file:
    source = file.read()
compiled = f"{component}.{hashlib.sha256(source).hexdigest()[:16]}.cwasm"
try:
    program = Component.deserialize_file(engine, compiled)
except WasmtimeError:
    program = Component(engine, source)
    with open(f"{compiled}.{os.getpid()}", "wb") as file:
        file.write(program.serialize())
    os.replace(file.name, compiled)

wasi = WasiConfig()
wasi.argv = ["tagproof", *args]
wasi.env = list(os.environ.items())
wasi.inherit_stdin()
wasi.inherit_stdout()
wasi.inherit_stderr()
_ffi.wasi_config_inherit_network(wasi.ptr())
_ffi.wasi_config_allow_ip_name_lookup(wasi.ptr(), True)
wasi.preopen_dir(".", ".")
for directory in [os.getcwd(), *filter(None, directories.split(","))]:
    wasi.preopen_dir(directory, directory)

store = Store(engine)
store.set_wasi(wasi)
linker = Linker(engine)
linker.add_wasip2()
instance = linker.instantiate(store, program)
run = instance.get_export_index(store, next(iter(program.type.exports(engine))))
run = instance.get_func(store, instance.get_export_index(store, "run", run))
try:
    sys.exit(0 if run(store).tag == "ok" else 1)
except (Trap, WasmtimeError) as crash:
    print(f"error: tagproof crashed: {crash}", file=sys.stderr)
    sys.exit(1)
