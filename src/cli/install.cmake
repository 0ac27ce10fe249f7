# What `cmake --install` and the Debian package put where. Included by this folder's CMakeLists.txt.

# wg-quick and its kin call the program by this name.
add_custom_command(TARGET warren POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E create_symlink warren $<TARGET_FILE_DIR:warren>/warren-wg)

install(TARGETS warren RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES $<TARGET_FILE_DIR:warren>/warren-wg DESTINATION ${CMAKE_INSTALL_BINDIR})

set(docs ${PROJECT_SOURCE_DIR}/docs)
install(FILES ${docs}/man/warren.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${docs}/man/warren.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${docs}/man/warren-wg.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
# The completion is loaded by the name of the command, so the second command has a link.
set(completions ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${docs}/completion/warren.bash DESTINATION ${completions} RENAME warren)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/completion)
file(CREATE_LINK warren ${CMAKE_CURRENT_BINARY_DIR}/completion/warren-wg SYMBOLIC)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion/warren-wg DESTINATION ${completions})

install(FILES ${PROJECT_SOURCE_DIR}/configs/systemd/warren@.service
        DESTINATION lib/systemd/system)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/tunnel/
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${docs}/CONFIG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Warren's developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "encrypted overlay tunnel that speaks WireGuard on the wire")
set(CPACK_PACKAGE_DESCRIPTION
"Warren joins hosts by an encrypted tunnel over UDP, for IP packets (compatible
with WireGuard) or Ethernet frames. It moves packets with io_uring and
segmentation offload, in user space. warren-wg takes the place of wireguard-go.")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "wireguard-tools, graphviz")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
include(CPack)
