// The image that an app runs now, so that a provisioning leaves it as it is.

@description('Name of an app that exists.')
param name string

resource app 'Microsoft.App/containerApps@2026-01-01' existing = {
  name: name
}

@description('Image of the app.')
output image string = app.properties.template.containers[0].image
