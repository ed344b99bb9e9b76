"""The operator's commands, one module each: `add(commands)` declares its arguments, its function does it."""
