"""Calling components: value codecs, engine, compile cache, host imports, errors of calls."""
