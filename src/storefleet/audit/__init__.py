"""The control language: what must hold on a host, judged over its state document. Pure: no device is touched."""
