"""Pictures come in; what was drawn over them (boxes, text), the hues they hold, and how answers agree, go out."""
