#pragma once

/* What `git describe` said of the sources when this was built; empty when the build was not told. */
const char *commonwatt_commit(void);
