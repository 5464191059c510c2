#include "build_info.h"

const char *commonwatt_commit(void) { return COMMONWATT_COMMIT; }
