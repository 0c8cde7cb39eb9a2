"""AirsSys SDK: write, host, test and supervise WebAssembly components in typed Python."""

__version__ = "0.1.0"
