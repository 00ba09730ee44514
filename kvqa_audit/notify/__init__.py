"""A judged audit comes in; where something is new, one short message about it goes to the channels that were named."""
