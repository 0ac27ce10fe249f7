// Becoming root without being root.
#pragma once

namespace warren::lab {

/// The process goes to a new user namespace, in which it is root and the only user. Before it has
/// threads. Throws base::Error that names what forbids it and the remedy.
void enter_user_namespace();

}  // namespace warren::lab
