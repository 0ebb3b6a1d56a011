// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace truenext {

/// Makes Ctrl-C and SIGTERM set a flag instead of ending the process; a second Ctrl-C ends it.
void catch_interrupts();

/// True once the user asked to stop. Long loops look at it and leave with their work saved.
bool interrupted();

/// For tests.
void set_interrupted(bool value);

}  // namespace truenext
