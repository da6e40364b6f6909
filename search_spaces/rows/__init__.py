"""The catalogue's rows, one file a family; ``search_spaces.catalogue`` joins them."""
