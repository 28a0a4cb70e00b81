"""storefleet: audit and maintain the routers and tills of a retail fleet, agentless, over SSH."""
