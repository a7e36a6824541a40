// Holds only what has no keyless way. No workload needs a secret, so none has a role here.

import { keyVaultSettings } from '../../profile-types.bicep'
import { principal } from 'types.bicep'

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region of the vault.')
param location string

@description('Tags of the vault.')
param tags { *: string }

@description('Tier and protection.')
param settings keyVaultSettings

@description('Whether it answers from the internet, or in the network alone.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Those who may read and write secrets.')
param secretsOfficers principal[]

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('Id of the built-in role Key Vault Secrets Officer.')
var secretsOfficerRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
)

resource keyVault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: settings.sku
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // The service refuses false: protection is on or absent.
    enablePurgeProtection: settings.purgeProtection ? true : null
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'None'
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
  }
}

resource secretsOfficer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for officer in secretsOfficers: {
    name: guid(keyVault.id, officer.principalId, secretsOfficerRoleId)
    scope: keyVault
    properties: {
      principalId: officer.principalId
      principalType: officer.principalType
      roleDefinitionId: secretsOfficerRoleId
    }
  }
]

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: keyVault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

@description('Name of the vault.')
output name string = keyVault.name

@description('Address of the vault.')
output endpoint string = keyVault.properties.vaultUri
