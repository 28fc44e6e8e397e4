# SPDX-License-Identifier: Apache-2.0
# The Debian package: ./dev package.
# The package needs its programs only: ./dev package builds these, not every test.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME insd)
set(CPACK_PACKAGE_CONTACT "insd maintainers <maintainers@insd.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "eHealth identity daemon: CPS and Vitale cards, INSi")
set(CPACK_PACKAGE_DESCRIPTION "Owns the smart card readers of a French care desk: authenticates the
professional by the CPS card, reads the patient's Vitale card, performs the
signed exchange with the INSi teleservice, and serves the national health
identity to local applications over gRPC. Contains the command line insctl.")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, systemd, pcscd")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libccid")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(deb ${PROJECT_SOURCE_DIR}/cmake/deb)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deb}/conffiles ${deb}/postinst ${deb}/prerm ${deb}/postrm)

# Debian wants the licence and the changelog of each package in its place, and manual pages compressed.
install(FILES ${deb}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${deb}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME insd)
find_program(INSD_GZIP gzip)
if(INSD_GZIP)
  install(CODE "
    file(MAKE_DIRECTORY \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/insd)
    execute_process(COMMAND ${INSD_GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md
      OUTPUT_FILE \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/insd/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${INSD_GZIP} -9nc ${deb}/changelog
      OUTPUT_FILE \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/doc/insd/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB manuals \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man*/insd*.[1-8] \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man*/insctl.1)
    if(manuals)
      execute_process(COMMAND ${INSD_GZIP} -9nf \${manuals} COMMAND_ERROR_IS_FATAL ANY)
    endif()")
endif()
include(CPack)
