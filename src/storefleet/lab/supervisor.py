"""The process that is a lab: everything of it lives in this process's namespaces and ends with it.

Started by ``lab up`` under ``unshare --mount --pid --net --fork --kill-child --mount-proc`` as ``python -m
storefleet.lab.supervisor FOLDER``. The machine sees no mount and no namespace of it, and killing it leaves no process.
It is the mains and the boot loader of every device, and starts again what rebooted.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from storefleet.errors import LabError
from storefleet.lab.control import Answer, Request, short_path
from storefleet.lab.delay import remove
from storefleet.lab.devices import RunningDevice
from storefleet.lab.machine import run
from storefleet.lab.namespaces import own_mounts, ssh_greets
from storefleet.lab.network import WanSettings, head_office_commands, ip_batch, shape_wan, store_commands
from storefleet.lab.place import LabPlace
from storefleet.lab.plan import Device
from storefleet.lab.services import start_name_server


class Supervisor:
    """Builds the lab from its record, then answers requests until it is told to end."""

    def __init__(self, place: LabPlace) -> None:
        self.place = place
        self.record = place.record()
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []
        self._delays: dict[str, subprocess.Popen[bytes]] = {}
        cgroup = Path("/sys/fs/cgroup") / place.cgroup
        self.devices = {
            device.name: RunningDevice(
                device, store, place.devices / device.name, self._lower(device), cgroup / device.name
            )
            for store in self.record.plan.stores
            for device in store.devices
        }

    def _lower(self, device: Device) -> str:
        """Return the layers that a device's own lies over, in the words of the overlay file system."""
        kind = str(Path(self.record.rootfs) / device.kind)
        return f"{self.record.layer}:{kind}" if self.record.layer and device.kind == "till" else kind

    def start(self) -> None:
        """Mount, cable, serve and switch on. The control socket exists from the moment all that has been asked for."""
        own_mounts()
        with ThreadPoolExecutor(4) as pool:
            serials = self.record.serials
            made = [pool.submit(d.assemble, self.place.keys, serials[n]) for n, d in self.devices.items()]
            ip_batch(head_office_commands())
            for store in self.record.plan.stores:
                ip_batch(store_commands(store))
                run(["bridge", "link", "set", "dev", store.wan_port, "isolated", "on"])
            self._children.append(start_name_server())
            services = [sys.executable, "-m", "storefleet.lab.services", str(self.place.folder)]
            self._children.append(subprocess.Popen(services, stdin=subprocess.DEVNULL))
            for future in made:
                future.result()
            state = self.place.state()
            for name in state.unplugged:
                self.devices[name].plugged_in = False
            for name in state.wan:
                self.shape(name)
            list(pool.map(RunningDevice.boot, (d for d in self.devices.values() if d.plugged_in)))

    def serve(self) -> None:
        """Answer requests, one thread each, and mind the devices."""
        threading.Thread(target=self._mind, daemon=True).start()
        with short_path(self.place.socket) as name, socket.socket(socket.AF_UNIX) as door:
            self.place.socket.unlink(missing_ok=True)
            door.bind(name)
            Path(name).chmod(0o600)
            door.listen(16)
            while True:
                line, _ = door.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _mind(self) -> None:
        while True:
            time.sleep(0.2)
            if not self.place.record_file.exists():
                os._exit(0)  # the lab's folder was deleted under it: nobody could take it down any more
            with self._lock:
                for device in self.devices.values():
                    device.mind()

    def _answer(self, line: socket.socket) -> None:
        with line:
            try:
                request = msgspec.json.decode(line.makefile("rb").readline(), type=Request)
                answer = self._do(request)
            except (LabError, OSError, msgspec.DecodeError, KeyError) as error:
                answer = Answer(error=str(error))
            line.sendall(msgspec.json.encode(answer) + b"\n")

    def _do(self, request: Request) -> Answer:
        match request.verb:
            case "status":
                with ThreadPoolExecutor(8) as pool:
                    return Answer(devices=dict(pool.map(self._condition, self.devices.values())))
            case "cut":
                with self._lock:
                    self.devices[request.target].plugged_in = False
                    self.devices[request.target].cut()
            case "plug":
                with self._lock:
                    self.devices[request.target].plugged_in = True
                    self.devices[request.target].boot()
            case "wan":
                self.shape(request.target)
            case _:
                return Answer(error=f"the supervisor does not know {request.verb!r}")
        return Answer()

    def _condition(self, running: RunningDevice) -> tuple[str, str]:
        if not running.running:
            return running.device.name, "off"
        return running.device.name, "answering" if self._greets(running.device) else "silent"

    def _greets(self, device: Device) -> bool:
        """Tell whether SSH answers where storefleet would knock: from head office, or from behind the router."""
        store = self.record.plan.store(device.store)
        if not store.flat:
            return ssh_greets(device.address)
        if device.kind == "router":
            return ssh_greets(store.wan)
        return ssh_greets(store.wan) and ssh_greets(device.address, namespace=store.router.name)

    def shape(self, name: str) -> None:
        """Make a store's line as the saved state says."""
        store = self.record.plan.store(name)
        settings = self.place.state().wan.get(name, WanSettings())
        delaying = self._delays.pop(name, None)
        if delaying is not None:
            delaying.kill()
            delaying.wait()
            ip_batch(remove(store.wan_port), force=True)
        shape_wan(store, settings)
        if settings.delay_ms:
            argv = [sys.executable, "-m", "storefleet.lab.delay", store.wan_port, str(settings.delay_ms)]
            delaying = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            self._delays[name] = delaying
            if delaying.stdout is None or not delaying.stdout.readline():
                raise LabError(f"the delay of {name}'s line could not be put in; see {self.place.log}")
        else:
            run(["bridge", "link", "set", "dev", store.wan_port, "isolated", "on"])


def main(folder: Path) -> None:
    """Be process 1 of the lab: reap what loses its parent, and end when the supervisor proper ends."""
    child = os.fork()
    if child:
        while True:
            pid, status = os.wait()
            if pid == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    supervisor = Supervisor(LabPlace(folder))
    supervisor.start()
    supervisor.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
