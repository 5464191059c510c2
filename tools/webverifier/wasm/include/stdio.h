// A stand-in: messages of failed internal checks are dropped, the check itself stops the instance.
#pragma once
#define stderr ((void *)0)
#define printf(...) ((void)0)
#define fprintf(...) ((void)0)
