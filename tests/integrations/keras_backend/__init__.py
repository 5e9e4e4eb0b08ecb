"""What holds of Keras on each backend: `test_keras.py` runs all `check_*.py` once in a process for each."""

import os

if os.environ.get("KERAS_BACKEND") == "tensorflow":  # before anything is computed there
    import tensorflow as tf

    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)

import keras

import chroma

# before anything of ours stands in Keras
FIT_OWNER = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
ORIGINAL = vars(FIT_OWNER)["fit"]
chroma.autolog()
WRAPPED = vars(FIT_OWNER)["fit"]
chroma.autolog(disable=True)
RESTORED = vars(FIT_OWNER)["fit"]
