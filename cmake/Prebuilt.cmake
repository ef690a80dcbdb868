# Instead of a build: installs the programs of another build folder, TOEPLITZ_PREBUILT, so that a package made after
# ./dev build takes seconds:  pip install . --config-settings=cmake.define.TOEPLITZ_PREBUILT=$PWD/build

install(PROGRAMS ${TOEPLITZ_PREBUILT}/tools/toeplitz DESTINATION bin)
foreach(name toeplitz_runtime toeplitz_executable)
  install(FILES ${TOEPLITZ_PREBUILT}/lib/toeplitz/lib${name}.a DESTINATION lib/toeplitz)
  install(FILES ${TOEPLITZ_PREBUILT}/lib/toeplitz/aarch64-linux-gnu/lib${name}.a DESTINATION lib/toeplitz/aarch64-linux-gnu OPTIONAL)
endforeach()
install(FILES runtime/gpu.h runtime/toeplitz.h DESTINATION include/toeplitz/runtime)

# What a package asks to be built.
foreach(name toeplitz toeplitz_runtime toeplitz_executable)
  add_custom_target(${name})
endforeach()
