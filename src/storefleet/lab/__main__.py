"""``python -m storefleet.lab`` is ``storefleet lab``."""

from storefleet.lab.commands import main

if __name__ == "__main__":
    main()
