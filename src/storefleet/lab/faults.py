"""Named faults"""
from storefleet.model.base import Value
class Fault(Value, frozen=True):
    name: str
    kinds: tuple[str, ...]
FAULTS: dict[str, Fault] = {}
def fault_script(*a): return ""
