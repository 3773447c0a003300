"""The gateway: agents of IoT Boxes post their events here over HTTPS, and it publishes for them. docs/gateway.md tells how to run it."""
