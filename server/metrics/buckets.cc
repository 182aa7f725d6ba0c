// The numbers behind LAT, STG and RAT.
#include "server/metrics/buckets.h"

namespace baton::metrics {

const std::vector<double> kLatencyBuckets = {.0001, .00025, .0005, .001, .0025, .005, .01,
                                             .025,  .05,    .075,  .1,   .25,   .5,   .75,
                                             1,     2.5,    5,     7.5,  10};
const std::vector<double> kStageBuckets = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4,
                                           1e-3, 2.5e-3, 5e-3, .01,  .025,   .05,
                                           .1,   .25,    .5,   1,    2.5};
const std::vector<double> kBatchBuckets = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
const std::vector<double> kRatioBuckets = {.1, .2,  .3, .4,   .5,   .6,  .7, .8,
                                           .9, .95, 1,  1.05, 1.25, 1.5, 2};

}  // namespace baton::metrics
