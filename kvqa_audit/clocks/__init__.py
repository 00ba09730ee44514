"""Pictures with burned-in dates and clocks come in; which frames are of one examination, never a date, goes out."""
