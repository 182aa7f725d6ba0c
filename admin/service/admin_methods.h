// The methods of baton.admin.v1.AdminService, a file for what they are about.
#pragma once

#include "admin/service/admin_method.h"
#include "admin/service/admin_service.h"

namespace baton::admin {

// Each adds its methods. `control` outlives them.
void AddServerMethods(AdminMethods& methods, control::ControlPort& control);
void AddWatchMethods(AdminMethods& methods, control::ControlPort& control);
void AddPoolMethods(AdminMethods& methods, control::ControlPort& control);
void AddEndpointMethods(AdminMethods& methods, control::ControlPort& control);
void AddDrainMethods(AdminMethods& methods, control::ControlPort& control);
void AddSettingsMethods(AdminMethods& methods, control::ControlPort& control);
void AddConnectionMethods(AdminMethods& methods, control::ControlPort& control);
void AddModelMethods(AdminMethods& methods, control::ControlPort& control);
void AddOperationMethods(AdminMethods& methods, control::ControlPort& control,
                         const PostToCalls& post);
void AddConfigMethods(AdminMethods& methods, control::ControlPort& control);

}  // namespace baton::admin
