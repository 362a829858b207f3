"""The screens: the workbench with its three panes, and the small ones that open over it."""
