"""The life of one job: checked, recorded, driven to its end, extended, trained again."""
