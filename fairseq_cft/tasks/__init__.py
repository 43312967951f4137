from .. import register

register()  # whichever module is asked for first, all are registered
