// The part of LightGBM's C interface (version 4) that forecasts need, as types of functions: the library comes with the
// Python wheel and is opened at run time, so that a node builds and runs without it.
#ifndef COMMONWATT_LIGHTGBM_H
#define COMMONWATT_LIGHTGBM_H

#include <stdint.h>

typedef void *cw_lgbm_handle;

enum {
    CW_LGBM_FLOAT32 = 0,
    CW_LGBM_FLOAT64 = 1,
    CW_LGBM_PREDICT_NORMAL = 0,
};

typedef const char *(*cw_lgbm_last_error)(void);

typedef int (*cw_lgbm_dataset_from_matrix)(const void *data, int data_type, int32_t rows, int32_t columns,
                                           int is_row_major, const char *parameters, cw_lgbm_handle reference,
                                           cw_lgbm_handle *out);

typedef int (*cw_lgbm_dataset_set_field)(cw_lgbm_handle dataset, const char *name, const void *data, int count,
                                         int data_type);

typedef int (*cw_lgbm_free)(cw_lgbm_handle handle);

typedef int (*cw_lgbm_booster_create)(cw_lgbm_handle train, const char *parameters, cw_lgbm_handle *out);

typedef int (*cw_lgbm_booster_update)(cw_lgbm_handle booster, int *is_finished);

typedef int (*cw_lgbm_booster_predict)(cw_lgbm_handle booster, const void *data, int data_type, int32_t rows,
                                       int32_t columns, int is_row_major, int predict_type, int start_iteration,
                                       int iterations, const char *parameters, int64_t *count, double *out);

#endif
