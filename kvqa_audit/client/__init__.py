"""The address of a service and a token come in; its datasets, audits and gates go out, typed."""
